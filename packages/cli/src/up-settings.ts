/** What `microvisor up` reads from the environment besides the server's own settings; for its reference page. */
export const upSettings = {
  MICROVISOR_LOG: {
    unset: '`file`',
    doc: 'where the log goes, a JSON object a line. `file`: `server.log` in the data folder, the newest 8 to 16 MiB of it; `stderr`: standard error, for the journal of systemd or of a container',
  },
  MICROVISOR_LOG_LEVEL: {
    unset: '`info`: among others every request and every device that comes or goes',
    doc: '`debug`, `info`, `warn`, `error` or `silent`',
  },
  MICROVISOR_EGRESS_ALLOW: {
    unset: 'public addresses only',
    doc: 'hosts that devices may reach through the cloud, and webhooks post to, although they are not public: `localhost:8443,10.0.0.7`; as `--egress-allow`',
  },
  MICROVISOR_EGRESS_CA: {
    unset: 'the public authorities',
    doc: 'PEM file with authorities to trust besides the public ones there; as `--egress-ca`',
  },
} as const satisfies Record<string, { readonly unset: string; readonly doc: string }>
