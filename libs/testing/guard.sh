#!/bin/sh
# guard.sh SIGNAL PROGRAM ARGS...: runs a program and ends it when standard input closes, so that it cannot outlive
# whoever started it, however that one died. Prints the program's process id first; exits as the program does.
signal=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
echo "guard-pid $program"
{
  cat <&3 >/dev/null
  kill "-$signal" "$program" 2>/dev/null
} &
watcher=$!
trap 'kill "-$signal" "$program" 2>/dev/null' TERM INT HUP
wait "$program"
code=$?
while kill -0 "$program" 2>/dev/null; do
  wait "$program"
  code=$?
done
kill "$watcher" 2>/dev/null
exit "$code"
