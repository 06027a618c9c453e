#!/bin/sh
# Brings the checkout to the state that a task needs, then runs the task with the repository's own Node.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
task=$1
shift
case $task in
  start) set_up_packages; exec node tools/start.ts "$@" ;;
  test) set_up_packages; set_up_programs; exec node tools/test.ts "$@" ;;
  test-slow) set_up_packages; set_up_programs "$slow_programs"; exec node tools/test.ts --slow "$@" ;;
  check) set_up_packages; exec node tools/check.ts "$@" ;;
  gen) set_up_packages; exec node tools/gen.ts "$@" ;;
  bench) set_up_packages; exec node bench/run.ts "$@" ;;
  fuzz) set_up_packages; exec node fuzz/run.ts "$@" ;;
  *) echo "unknown task $task" >&2; exit 2 ;;
esac
