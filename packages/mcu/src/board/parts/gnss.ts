/**
 * A GNSS receiver in the manner of u-blox NEO on a serial port: GGA and RMC sentences of NMEA 0183
 * (version 4.1) once a second, at the port's own rate.
 *
 * Not modelled: UBX messages and configuration, GSV, GSA, GLL, VTG; the time to a first fix is the
 * scenario's to decide.
 */
import { type PartKind, text } from '../part.ts'

export const gnss: PartKind = {
  kind: 'gnss',
  title: 'NEO-style GNSS receiver',
  source: 'NMEA 0183 4.1; u-blox UBX-13003221',
  notModelled: 'UBX, sentences other than GGA and RMC',
  settings: { port: { type: 'serial port', about: 'the port that hears it' } },
  controls: {
    fix: { type: 'yes-no', about: 'whether it knows where it is', initial: true },
    latitude: {
      ...{ type: 'number', about: 'north', unit: 'deg', min: -90, max: 90, initial: 52.52 },
    },
    longitude: {
      ...{ type: 'number', about: 'east', unit: 'deg', min: -180, max: 180, initial: 13.405 },
    },
    altitude: {
      type: 'number',
      about: 'above sea',
      unit: 'm',
      min: -500,
      max: 50_000,
      initial: 34,
    },
    speed: { type: 'number', about: 'over ground', unit: 'm/s', min: 0, max: 500, initial: 0 },
    course: { type: 'number', about: 'over ground', unit: 'deg', min: 0, max: 360, initial: 0 },
    satellites: { type: 'number', about: 'in use', unit: '', min: 0, max: 24, initial: 9 },
  },
  readings: { sentences: 'how many it has sent' },
  make(around) {
    const state: State = {
      ...{ fix: true, latitude: 52.52, longitude: 13.405, altitude: 34 },
      ...{ speed: 0, course: 0, satellites: 9 },
    }
    let sent = 0
    const send = around.attachSerial(text(around.settings, 'port'), () => {})
    const tick = () => {
      for (const sentence of [gga, rmc]) {
        send([...sentence(state, around.worldSeconds())].map((char) => char.charCodeAt(0)))
        sent++
      }
      around.after(1, tick)
    }
    return {
      powerUp: () => void around.after(1, tick),
      set(control, value) {
        Object.assign(state, { [control]: value })
      },
      readings: () => ({ sentences: sent }),
      picture: () => ({ kind: 'values', lines: picture(state) }),
    }
  },
}

interface State {
  readonly fix: boolean
  readonly latitude: number
  readonly longitude: number
  readonly altitude: number
  readonly speed: number
  readonly course: number
  readonly satellites: number
}

const KNOTS_PER_METRE_A_SECOND = 1.943_844

function picture({ fix, latitude, longitude, altitude }: State): string[] {
  if (!fix) return ['no fix']
  return [latitude.toFixed(5), longitude.toFixed(5), `${altitude.toFixed(0)} m`]
}

function gga(state: State, world: number): string {
  const { fix, altitude, satellites } = state
  const where = fix ? `${position(state)},1,${pad(satellites, 2)},0.9` : ',,,,0,00,99.99'
  const height = fix ? `${altitude.toFixed(1)},M,0.0,M,,` : ',,,,,'
  return framed(`GNGGA,${clock(world)},${where},${height}`)
}

function rmc(state: State, world: number): string {
  const { fix, speed, course } = state
  const motion = `${(speed * KNOTS_PER_METRE_A_SECOND).toFixed(3)},${course.toFixed(2)}`
  const where = fix ? `A,${position(state)},${motion}` : 'V,,,,,,'
  return framed(`GNRMC,${clock(world)},${where},${date(world)},,,${fix ? 'A' : 'N'}`)
}

/** Degrees and minutes, as NMEA has them. */
function position({ latitude, longitude }: State): string {
  const angle = (value: number, width: number) => {
    const hundredThousandths = Math.round(Math.abs(value) * 60 * 100_000)
    const degrees = Math.floor(hundredThousandths / 6_000_000)
    const minutes = (hundredThousandths % 6_000_000) / 100_000
    return pad(degrees, width) + minutes.toFixed(5).padStart(8, '0')
  }
  const north = latitude < 0 ? 'S' : 'N'
  const east = longitude < 0 ? 'W' : 'E'
  return `${angle(latitude, 2)},${north},${angle(longitude, 3)},${east}`
}

function clock(world: number): string {
  const day = ((Math.floor(world) % 86_400) + 86_400) % 86_400
  const parts = [day / 3600, (day / 60) % 60, day % 60]
  return `${parts.map((part) => pad(Math.floor(part), 2)).join('')}.00`
}

/** Civil date of days since 1970-03-01 in eras of 400 years. */
function date(world: number): string {
  const days = Math.floor(world / 86_400) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365,
  )
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  const dayOfYear = dayOfEra - (365 * yearOfEra + leapDays)
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return pad(day, 2) + pad(month, 2) + pad(year % 100, 2)
}

function pad(value: number, width: number): string {
  return String(Math.floor(value)).padStart(width, '0')
}

/** `$…*hh`: the checksum is the XOR of what is between. */
function framed(body: string): string {
  let sum = 0
  for (const char of body) sum ^= char.charCodeAt(0)
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`
}
