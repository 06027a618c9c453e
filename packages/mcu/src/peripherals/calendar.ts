/** The RTC's calendar: seconds since 2000-01-01 to BCD fields and back. Years 2000 to 2099. */

const SECONDS_A_DAY = 86_400
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
/** 2000-01-01 was a Saturday; the RTC counts Monday as 1. */
const FIRST_WEEKDAY = 5

export interface CalendarTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

export const toBcd = (value: number): number => Math.floor(value / 10) * 16 + (value % 10)
export const fromBcd = (value: number): number => (value >> 4) * 10 + (value & 15)

const daysInYear = (year: number) => (year % 4 === 0 ? 366 : 365)
const daysIn = (month: number, year: number) =>
  DAYS_IN_MONTH[month - 1]! + (month === 2 && year % 4 === 0 ? 1 : 0)

export function calendarOf(seconds: number): CalendarTime {
  let days = Math.floor(seconds / SECONDS_A_DAY)
  const weekday = ((days + FIRST_WEEKDAY) % 7) + 1
  let year = 0
  while (days >= daysInYear(year)) days -= daysInYear(year++)
  let month = 1
  while (days >= daysIn(month, year)) days -= daysIn(month++, year)
  const rest = seconds % SECONDS_A_DAY
  return {
    ...{ year: year % 100, month, day: days + 1, weekday, hour: Math.floor(rest / 3600) },
    ...{ minute: Math.floor(rest / 60) % 60, second: rest % 60 },
  }
}

export function secondsOf(time: Omit<CalendarTime, 'weekday'>): number {
  let days = time.day - 1
  for (let year = 0; year < time.year; year++) days += daysInYear(year)
  for (let month = 1; month < time.month; month++) days += daysIn(month, time.year)
  return days * SECONDS_A_DAY + time.hour * 3600 + time.minute * 60 + time.second
}
