/** Where GDB is served unless the user says otherwise; apart, so that help need not load more. */
export const GDB_HOST = 'localhost'
export const GDB_PORT = 8001
