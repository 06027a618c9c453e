/** The files of a pair of debug keys, named as the original names them; no two tools need be told. */
export const PRIVATE_KEY_NAME = 'debug_auth_prv_key.pem'
export const PUBLIC_KEY_NAME = 'debug_auth_pub_key.pem'
