/**
 * What the service says about itself; open to anyone who can reach it.
 */
import { z } from 'zod'
import { route } from './route.ts'
import { DateTime } from './values.ts'

export const Health = z
  .object({ status: z.literal('ok'), version: z.string(), uptime_seconds: z.int() })
  .meta({ id: 'Health' })

export const fetchHealth = route({
  name: 'fetchHealth',
  method: 'GET',
  path: '/health',
  summary: 'Whether the service works',
  access: 'anyone',
  returns: Health,
})

export const Readiness = z
  .object({
    status: z.enum(['ready', 'degraded']),
    database: z.enum(['ok', 'unavailable']),
    bus: z.enum(['ok', 'unavailable']).meta({ description: 'messages to other servers' }),
    devices_connected: z.int().meta({ description: 'to this server' }),
  })
  .meta({ id: 'Readiness' })

export const fetchReadiness = route({
  name: 'fetchReadiness',
  method: 'GET',
  path: '/ready',
  summary: 'Whether this server should get requests, and what is degraded',
  access: 'anyone',
  returns: Readiness,
  errors: ['DATABASE_UNAVAILABLE', 'STOPPING'],
})

export const Status = z
  .object({
    status: z.enum(['ok', 'degraded', 'unavailable']),
    version: z.string(),
    date: DateTime,
    parts: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['ok', 'degraded', 'unavailable']),
        text: z.string(),
      }),
    ),
  })
  .meta({ id: 'Status' })
export type Status = z.output<typeof Status>

export const fetchStatus = route({
  name: 'fetchStatus',
  method: 'GET',
  path: '/status',
  summary: 'What works and what does not, part by part; a page for browsers',
  access: 'anyone',
  returns: Status,
})

export const fetchMetrics = route({
  name: 'fetchMetrics',
  method: 'GET',
  path: '/metrics',
  summary: 'What this server counts and measures, for Prometheus',
  answer: 'text',
  returns: z.string(),
})

export const fetchOpenApi = route({
  name: 'fetchOpenApi',
  method: 'GET',
  path: '/v1/openapi.json',
  summary: 'This API as an OpenAPI document',
  access: 'anyone',
  returns: z.record(z.string(), z.unknown()),
})

export const fetchHome = route({
  name: 'fetchHome',
  method: 'GET',
  path: '/',
  summary: 'What this is and where to look',
  access: 'anyone',
  answer: 'text',
  returns: z.string(),
})

export const fetchWelcome = route({
  name: 'fetchWelcome',
  method: 'GET',
  path: '/welcome',
  summary: 'How to become a user with the invitation in the link',
  access: 'anyone',
  answer: 'text',
  returns: z.string(),
})

export const fetchErrorPage = route({
  name: 'fetchErrorPage',
  method: 'GET',
  path: '/errors/:Code',
  summary: 'What an error code means and what to do',
  access: 'anyone',
  answer: 'text',
  params: z.strictObject({ Code: z.string().max(64) }),
  returns: z.string(),
  errors: ['ROUTE_NOT_FOUND'],
})
