/**
 * What an application may count on around its system calls, statement by statement, each with the tests
 * that show it. docs/reference/behaviour.md is made from this table; behaviour.test.ts holds it against
 * the tests.
 */

import type { Statements } from '../threats/named-tests.ts'

const KERNEL = 'packages/microvisor/src/kernel'
const UPDATE = `${KERNEL}/update`
const bootrom = 'packages/microvisor/src/boot/bootrom.test.ts'
const reasons = `${KERNEL}/network-reasons.test.ts`
const connectivity = `${KERNEL}/connectivity.test.ts`
const notifications = `${KERNEL}/notifications.test.ts`
const channel = `${KERNEL}/channels/channel.test.ts`
const log = `${KERNEL}/server-log.test.ts`
const power = `${KERNEL}/syscalls/power.test.ts`
const device = `${KERNEL}/syscalls/device.test.ts`
const statuses = `${KERNEL}/syscalls/statuses.test.ts`
const rules = `${KERNEL}/syscalls/rules.test.ts`
const fast = `${KERNEL}/fast-interrupts.test.ts`
const crash = `${KERNEL}/crash.test.ts`
const update = `${UPDATE}/update.test.ts`
const kernelUpdate = `${UPDATE}/kernel-update.test.ts`
const wifi = `${KERNEL}/wifi.test.ts`
const clock = `${KERNEL}/wall-clock.test.ts`
const link = `${KERNEL}/link/link.test.ts`
const factory = `${KERNEL}/factory-test.test.ts`
const whole = 'packages/device/src/virtual-device.test.ts'
const networks = 'packages/device/src/network/virtual-networks.test.ts'
const calls = 'test/e2e/calls.test.ts'
const energy = 'packages/device/src/energy.test.ts'

export const behaviour: Statements = {
  Start: [
    {
      says: 'A kernel that is not what its manifest says is not run: the device is locked down.',
      tests: [
        [bootrom, 'any flipped bit of manifest, kernel or veneers'],
        [whole, 'a flipped bit anywhere in the kernel'],
      ],
    },
    {
      says: 'What boots the kernel can be read by nothing that runs later.',
      tests: [[whole, 'once the kernel has hidden preboot and bootrom']],
    },
    {
      says: 'The application is verified before every start, and its memory is cleared.',
      tests: [
        [update, 'an application whose flash was changed is not started'],
        [device, 'mvRestart starts the application again with empty memory'],
      ],
    },
    {
      says: 'Each way in which the application comes to start has its wake reason.',
      tests: [
        [device, 'each way in which a kernel comes to start'],
        [power, 'each way out of Standby is a wake reason'],
        [crash, 'it starts again after the wait'],
        [kernelUpdate, 'a kernel is replaced over the air'],
      ],
    },
    {
      says: 'Memory and peripherals of the kernel fault when the application touches them.',
      tests: [[whole, 'forbidden memory and peripherals fault']],
    },
  ],
  Calls: [
    {
      says: 'Every call answers each status of its list.',
      tests: [
        [statuses, 'the rows reach every status'],
        [statuses, 'every call has rows'],
      ],
    },
    {
      says: 'A call from an interrupt handler is refused, or carried out, as its release says.',
      tests: [[rules, '… from an interrupt handler']],
    },
    {
      says: 'A poke of the RCC changes only bits that are the application’s.',
      tests: [[device, 'a poke changes only bits']],
    },
  ],
  Notifications: [
    {
      says: 'One record for each event, with its time, type and tag, and its interrupt pended.',
      tests: [[notifications, 'a notification is a record']],
    },
    {
      says: 'A full ring overwrites its oldest record.',
      tests: [[notifications, 'records go round the buffer']],
    },
    {
      says: 'What refers to a center that was closed goes on, and is not heard.',
      tests: [[notifications, 'a closed center gets nothing']],
    },
    {
      says: 'Network and update tell of themselves to whoever has asked.',
      tests: [
        [notifications, 'network and system notifications tell each change'],
        [notifications, 'who asks for it hears how much'],
      ],
    },
  ],
  Network: [
    {
      says: 'Each reason to connect is set and cleared by what it is named after.',
      tests: [[reasons, '… is set and cleared']],
    },
    {
      says: 'Each state of the network is seen and told.',
      tests: [[reasons, 'each state is told']],
    },
    {
      says: 'Before the first request the kernel connects by itself; after it the application decides.',
      tests: [
        [connectivity, 'before the first request'],
        [connectivity, 'after the first request'],
      ],
    },
    {
      says: 'A device checks in as often as its manifest says, 0 being always.',
      tests: [
        [connectivity, 'a device that may be offline checks in'],
        [connectivity, 'a check-in time of 0'],
      ],
    },
    {
      says: 'The grace time keeps a connection for which there is no reason any more.',
      tests: [[connectivity, 'the grace time keeps the connection']],
    },
    {
      says: 'Attempts to connect are apart, ever longer and at random, and the device says so.',
      tests: [
        [link, 'pauses between attempts double'],
        [connectivity, 'between two attempts the device is calm'],
      ],
    },
    {
      says: 'Ethernet goes before Wi-Fi and Wi-Fi before cellular; Wi-Fi needs an access point in range and its password.',
      tests: [
        [networks, 'the cable comes first'],
        [networks, 'Wi-Fi takes an access point'],
        [wifi, 'a network that is set is joined'],
        [calls, '… passes on virtual time'],
      ],
    },
  ],
  Channels: [
    {
      says: 'At most four, and eight opens a second.',
      tests: [
        [channel, 'eight opens, then none'],
        [statuses, 'the rows reach every status'],
      ],
    },
    {
      says: 'What has arrived can be read after the other side has closed, or the network has gone; then the channel is closed.',
      tests: [
        [channel, 'what has come can be read after'],
        [channel, 'what has arrived on an MQTT channel is read once'],
        [channel, 'a response is read by index and offset'],
      ],
    },
    {
      says: 'Each way to end has its closure reason, told once.',
      tests: [[channel, 'a channel ended by …']],
    },
    {
      says: 'Connections that break off anywhere lose nothing that was acknowledged.',
      tests: [['test/scenarios/cuts.test.ts', 'recovers wherever that is']],
    },
  ],
  Logging: [
    {
      says: 'Lines wait while the device is offline, and leave in their order.',
      tests: [[log, 'messages wait while offline']],
    },
    {
      says: 'The cloud can forbid logging; the rate is limited, and no line is lost by it.',
      tests: [
        [log, 'the cloud can forbid logging'],
        [log, 'messages leave at a limited rate'],
      ],
    },
    {
      says: 'The last words of an application that crashed still leave.',
      tests: [[log, 'the last words of a crashed application']],
    },
  ],
  Updates: [
    {
      says: 'Only layers that differ are fetched, and what was fetched is not fetched again.',
      tests: [
        [update, 'layers that are there already'],
        [update, 'a broken connection resumes'],
        [update, 'after a restart layers that were staged'],
      ],
    },
    {
      says: 'A polite application is told, and takes the update with mvRestart; the wait has an end.',
      tests: [
        [update, 'UPDATEDOWNLOADED is told'],
        [update, 'mvRestart takes an update that waits'],
      ],
    },
    {
      says: 'mvRestart is MICROVISORBUSY while an update is fetched.',
      tests: [[statuses, 'the rows reach every status']],
    },
    {
      says: 'Every error of an update is reported, and a good target cures it.',
      tests: [[update, '…: the update fails']],
    },
    {
      says: 'Kernels are replaced over the air; one that does not connect gives way to the one before.',
      tests: [
        [kernelUpdate, 'a kernel is replaced over the air'],
        [kernelUpdate, 'a kernel that does not connect'],
        [kernelUpdate, 'an update of the veneers alone'],
      ],
    },
  ],
  Crashes: [
    {
      says: 'A fault stops the application alone: undefined code, a stack beyond its limit, a handler that is none, a stack that is nowhere.',
      tests: [
        [whole, 'each way to fail ends the application'],
        [crash, 'a crash stops the application alone'],
      ],
    },
    {
      says: 'So do a hung or flooding fast interrupt, a request to reset the chip, and the watchdog.',
      tests: [
        [fast, 'a handler that does not end'],
        [fast, 'a flood of fast interrupts'],
        [calls, 'an application that asks for a reset'],
        ['packages/device/src/machine.test.ts', 'a watchdog that bites stops'],
      ],
    },
    {
      says: 'It starts again after a wait that doubles between the manifest’s minimum and maximum.',
      tests: [
        [crash, 'the wait doubles from the minimum'],
        [crash, '0 in the manifest means'],
        [crash, 'an application that ran for as long'],
      ],
    },
    {
      says: 'The report has registers and as much stack as the manifest asks for, sealed where it names a key.',
      tests: [
        [crash, 'a report carries as much stack'],
        [crash, 'where reports are to be sealed'],
        [crash, 'a report is repeated'],
      ],
    },
  ],
  'Power and time': [
    {
      says: 'Sleep of every depth is refused while the network is active.',
      tests: [
        [power, 'mvPowerSave enters the mode'],
        [power, 'a device that wants the network does not sleep'],
      ],
    },
    {
      says: 'The check-in, the time of day and the application’s RTC go on in Standby.',
      tests: [
        [power, 'the check-in that Standby interrupted'],
        [power, 'the time of day goes on'],
        [calls, 'a device that sleeps in Standby'],
      ],
    },
    {
      says: 'The time of day is unknown until the cloud has told it, and the crystal is disciplined by it.',
      tests: [
        [device, 'the time of day is unknown'],
        [clock, 'two tellings say how fast'],
      ],
    },
    {
      says: 'The energy account holds the time in each state, of the chip and of the network, and what it took.',
      tests: [
        [energy, 'charge is the time in each state'],
        [calls, 'a device that sleeps in Standby'],
      ],
    },
    {
      says: 'The LED shows the connection until the application switches it off.',
      tests: [[device, 'the LED shows the connection']],
    },
  ],
  Factory: [
    {
      says: 'The test runs until it passes; then the application that was staged takes its place.',
      tests: [
        [factory, 'a failed test is shown'],
        [factory, 'after a pass the application'],
      ],
    },
  ],
}
