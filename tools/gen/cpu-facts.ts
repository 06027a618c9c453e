/** What docs/reference/cpu.md says beside the tables of the CPU itself. */

/** Part, what of it is there, the test or command that shows it. */
export const FEATURES: readonly (readonly string[])[] = [
  [
    'instructions',
    'all of Armv8-M Mainline with DSP, in 16 and 32 bits: flags, IT blocks, unaligned rules, exclusives, acquire and release, saturation, SIMD, division traps',
    '`test/conformance`, `instructions.test.ts`, `memory-instructions.test.ts`, `disassembler.test.ts`',
  ],
  [
    'floating point',
    'FPv5 single precision with half-precision conversions, rounding modes, flush-to-zero, default NaN, cumulative flags; lazy state preservation, VLSTM and VLLDM',
    '`test/conformance/cpu-float`, `float/*.test.ts`, `programs.test.ts`',
  ],
  [
    'security',
    'both banks of every register, SG, BXNS, BLXNS, TT, FNC_RETURN, EXC_RETURN with integrity signature, SAU with 8 regions beside the attribution of the chip',
    '`test/conformance/worlds`, `secure-gate.test.ts`',
  ],
  [
    'exceptions',
    'all system exceptions and 126 interrupts with 16 priorities, groups, PRIS, BFHFNMINS, nesting, tail chaining, late arrival, escalation, lock-up; each fault with its syndrome; stack limits',
    '`test/conformance/worlds`, `exceptions.test.ts`, `bad-input.test.ts`',
  ],
  [
    'protection',
    'two MPUs with 8 regions, MAIR (Device against Normal), the default memory map, execute-never',
    '`memory-types.test.ts`, `exceptions.test.ts`, `test/conformance`',
  ],
  ['special registers', 'all of MRS and MSR in both states', '`special-registers.test.ts`'],
  ['timers', 'SysTick in both states, CYCCNT', '`exceptions.test.ts`, `debug.test.ts`'],
  [
    'debug by software',
    'DebugMonitor with MON_STEP and MON_PEND, FPB with 8 comparators, DWT with 4 (addresses, ranges, values, linked values, cycles)',
    '`debug.test.ts`',
  ],
  [
    'debug by the host',
    '8 breakpoints, 4 watchpoints, vector catch, single steps, every register; software sees nothing of it',
    '`debug.test.ts`',
  ],
  [
    'determinism',
    'a snapshot at any instruction, in another process too; equal digests for slices of any size',
    '`snapshot.test.ts`',
  ],
]

export const NOT_MODELLED: readonly string[] = [
  'trace: ITM, ETM, TPIU and the packets of DWT; the counters of DWT beside CYCCNT',
  'halting debug by software or a debug port: DHCSR reads as 0, C_DEBUGEN cannot be set; the host debugs instead',
  'ACTLR reads as 0; coprocessors 0 to 7 are absent: NOCP',
  'timing: one instruction takes one cycle, exception entry and return take none',
  'caches and write buffers: every access is done in program order before the next one, so bus faults are precise (IMPRECISERR is never set), and barriers have nothing to wait for',
]

/** Question, answer, why. */
export const CHOICES: readonly (readonly string[])[] = [
  [
    'UNPREDICTABLE encodings',
    'UNDEFINED: UsageFault, UNDEFINSTR',
    'a program that contains one is wrong; on the real chip it may happen to work',
  ],
  [
    'LDM.W and STM.W of one register',
    'UNDEFINED',
    'UNPREDICTABLE; assemblers emit LDR and STR instead',
  ],
  [
    'exclusive monitor',
    'holds no address: a store exclusive succeeds while it is open',
    'the reservation granule of the Cortex-M33 is all of memory (TRM, "Exclusive monitor")',
  ],
  [
    'BKPT without a debugger',
    'DebugMonitor if enabled and of sufficient priority, else HardFault with HFSR.DEBUGEVT',
    'as HFSR is defined (D1.2)',
  ],
  [
    'memory types in MAIR',
    'Device against Normal: unaligned accesses to Device memory fault. Cacheability and shareability are kept in the registers and have no effect',
    'the chip has no cache inside the processor, and its caches outside are not modelled as copies',
  ],
  [
    'frames beyond the stack limit',
    'nothing is written; the stack pointer becomes the limit',
    'IMPLEMENTATION DEFINED which words above the limit are written',
  ],
  [
    'floating-point registers that are UNKNOWN after a frame was pushed lazily',
    'keep their values, or are zero where the Security Extension wants them cleared',
    'the least surprise',
  ],
  [
    'general registers that are UNKNOWN on entry to a Secure handler',
    'keep their values; zero on entry to a Non-secure one',
    'as QEMU does',
  ],
  [
    "where DWT's comparators look",
    'accesses by instructions, not frames of exceptions; a watchpoint of the host sees both',
    'IMPLEMENTATION DEFINED; a debugger wants to know who wrote to a stack',
  ],
  [
    'instruction fetch',
    'an instruction is fetched when it is about to be executed, never ahead of it; code that was changed is seen by the next instruction, barrier or not',
    'deterministic; a program with the barriers that the manual asks for sees no difference',
  ],
  [
    "SysTick's external clock",
    'HCLK / 8; SYST_CALIB reads as 0: no calibration is given',
    'RM0456, "SysTick calibration value register"; the value is unconfirmed',
  ],
  [
    'WFE',
    'waits until the event register is set: SEV, exception entry and return, SEVONPEND',
    'allowed not to wait, but programs sleep with it',
  ],
  [
    'loads and stores of several words that fault in the middle',
    'all addresses are checked before a register changes or a word is stored, so far as they are plain memory; the instruction restarts',
    'IMPLEMENTATION DEFINED how much is done before',
  ],
  [
    'FPDSCR, FPCCR and MVFR',
    'values of the Cortex-M33 TRM; FPCCR at reset has ASPEN and LSPEN set',
    'as on the chip',
  ],
  [
    'ROM table',
    'names SCS, DWT and FPB; trace components are marked absent',
    'they are not modelled',
  ],
]

/** Claim, command, what `npm test` does of it, what the whole does. */
export const PROOFS: readonly (readonly string[])[] = [
  [
    'each instruction does what QEMU does',
    '`npm run test:slow -- conformance/cpu-`',
    '109,000 random instances, with the MPU off and on, in both states',
    '3.1 million, with a table of how often each encoding ran',
  ],
  [
    'whole programs print what they print on QEMU',
    '`npm run test:slow -- cpu/programs`',
    'each of four programs at five levels, with or without FPU by turns',
    'all 40 builds: C and C++ over newlib, -O0 to -O3 and -Os, with and without FPU',
  ],
  [
    'exceptions and security',
    '`npm run test:slow -- conformance/worlds cpu/programs cpu/exceptions`',
    'directed scripts and 120 random ones in two worlds',
    '2,000 random scripts',
  ],
  [
    'determinism',
    '`npm run test:slow -- cpu/snapshot conformance/worlds`',
    'slices, snapshots at every instruction, another process',
    'snapshots every 97 instructions through all scripts',
  ],
  [
    'nothing that memory can hold crashes or hangs the host',
    '`npm run fuzz -- cpu --count 100000000`',
    'a sample of the same fuzzer',
    '10^8 instructions, about two minutes',
  ],
]
