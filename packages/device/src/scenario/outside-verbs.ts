/** Steps that change the world outside, or in which somebody there does something. */
import { describe, refuseUnknown } from '../board/yaml-reader.ts'
import { readAnswers, readValues } from './outside-plan.ts'
import { act, needs, type Verb } from './verb.ts'

const PAYLOAD_CHARACTERS_MAX = 262_144

export const outsideVerbs: Readonly<Record<string, Verb>> = {
  answer: {
    about: 'changes what the web answers, as `outside: web:` says it; nothing takes an answer away',
    example: 'answer: { https://example.com/: { status: 503, after: 2 s } }',
    takes: [],
    read(value) {
      const changes = readAnswers(value)
      return act(({ world }) => needs(world.outside, 'world outside').answer(changes))
    },
  },
  values: {
    about: 'changes Configs and Secrets, as `outside: values:` says it; nothing takes a value away',
    example: 'values: { device config: { colour: green } }',
    takes: [],
    read(value) {
      const changes = readValues(value)
      return act(({ world }) => needs(world.outside, 'world outside').setValues(changes))
    },
  },
  publish: {
    about: 'somebody publishes messages at the broker, with QoS 1: payloads by topic',
    example: 'publish: { microvisor/in: hello }',
    takes: [],
    read(value) {
      const messages = value.entries('`publish`').map(({ key, keyNode, value: payload }) => {
        if (/[+#]/.test(key))
          keyNode.refuse(`A topic has no wildcards, unlike ${describe(keyNode)}.`)
        const text = String(payload.scalar ?? '')
        if (payload.scalar === undefined || text.length > PAYLOAD_CHARACTERS_MAX) {
          payload.refuse(`A payload is a text of at most ${PAYLOAD_CHARACTERS_MAX} characters.`)
        }
        return [key, text] as const
      })
      return act(({ world }) => {
        const { broker } = needs(world.outside, 'world outside')
        for (const [topic, payload] of messages) broker.publish(topic, payload)
      })
    },
  },
  brokers: {
    about: 'the MQTT brokers go away with everybody’s sessions (`down`), or are back (`up`)',
    example: 'brokers: down',
    takes: [],
    read(value) {
      if (!['up', 'down'].includes(value.text)) {
        return refuseUnknown('state of brokers', value, ['up', 'down'])
      }
      return act(({ world }) =>
        needs(world.outside, 'world outside').broker.setDown(value.text === 'down'),
      )
    },
  },
}
