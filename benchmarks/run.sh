#!/usr/bin/env bash
# The whole table of docs/benchmarks.md, in about twelve minutes: raw figures, a Markdown table and a plot.
#
#   EMOTION_TEST_DATA=FOLDER [FER_PYTHON=PYTHON] [BASE_PYTHON=PYTHON] [SOAK_MINUTES=2] benchmarks/run.sh [OUT_FOLDER]
#
# FOLDER has videos/neutral_720p.mp4. One measurement that fails is told and left out; the others go on.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
out=${1:-$here/results}
# Without an OUT_FOLDER the README is pointed at the new table.
readme=()
[ $# -eq 0 ] && readme=(--readme "$here/../README.md")
# So that `-m benchmarks.…` is found from any folder.
export PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}"
python=${PYTHON:-$here/../.venv/bin/python}
base_python=${BASE_PYTHON:-$python}
soak_minutes=${SOAK_MINUTES:-2}
clip=${EMOTION_TEST_DATA:-}/videos/neutral_720p.mp4

refuse() { echo "error: $*" >&2; exit 2; }
[ -f "$clip" ] || refuse "EMOTION_TEST_DATA must name a folder with videos/neutral_720p.mp4, a 720p clip with one face;" \
  "received \"${EMOTION_TEST_DATA:-}\""
for each in "$python" "$base_python"; do
  "$each" -c "import click, av, mediapipe" 2>/dev/null || refuse "$each is no Python with this project's packages;" \
    "run \`make setup-train\`, or give PYTHON=... and BASE_PYTHON=..."
done
soak_s=$(awk -v minutes="$soak_minutes" 'BEGIN { print int(60 * minutes) }')
[ "$soak_s" -gt 60 ] || refuse "SOAK_MINUTES must be more than the first one, which does not count; received $soak_minutes"

work=$(mktemp -d) || exit 1
child=
finish() {
  [ -n "$child" ] && kill "$child" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
mkdir "$work/raw"
failed=()
started=$SECONDS

# step NAME LIMIT_S COMMAND...: runs it; OUT in the command stands for the file of its figures.
step() {
  local name=$1 limit=$2 begun=$SECONDS raw=$work/raw/$1.json
  shift 2
  printf '%4d s  %s ... ' $((SECONDS - started)) "$name"
  # In the background and waited for, so that Ctrl-C ends it at once.
  timeout "$limit" "${@/#OUT/$raw}" >"$work/$name.log" 2>"$work/$name.err" &
  child=$!
  wait "$child"
  local status=$?
  child=
  if [ $status -eq 0 ]; then
    echo "$((SECONDS - begun)) s"
  else
    rm -f "$raw"
    failed+=("$name")
    echo "failed with $status after $((SECONDS - begun)) s: $(grep -v '^ *$' "$work/$name.err" | tail -n 1)"
  fi
}

bench() {
  local name=$1 limit=$2 module=$3
  shift 3
  step "$name" "$limit" "$python" -m "benchmarks.$module" "$@"
}

# printed NAME: its figures are what it printed.
printed() {
  [ -s "$work/$1.log" ] && cp "$work/$1.log" "$work/raw/$1.json"
}

load=$(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || echo unknown)
if [ "$load" != unknown ] && awk -v load="$load" 'BEGIN { exit !(load + 0 >= 0.5) }'; then
  echo "warning: the load average is $load: other work runs here, and figures are not those of a quiet machine" >&2
fi

loop=$work/loop.mp4
four=$work/four.mp4
bench clip_loop 60 common.looped_clip "$clip" "$loop" --seconds 18
bench clip_four 180 common.looped_clip "$clip" "$four" --seconds 18 --faces 4
bench replay 240 speed.pipeline "$clip" --repeat 5 --json OUT
bench replay_four 300 speed.pipeline "$clip" --faces 4 --repeat 3 --json OUT
bench live 120 speed.pipeline "$loop" --live --json OUT
bench live_four 120 speed.pipeline "$four" --live --json OUT
if command -v xvfb-run >/dev/null; then
  step live_window 120 xvfb-run -a "$python" -m benchmarks.speed.live "$loop" --window --seconds 60
  printed live_window
else
  echo "        live_window left out: xvfb-run is not installed"
fi
bench overload 120 speed.overload "$loop" --slow 5 --json OUT
bench recording 240 recording.cost "$loop" --seconds 15 --rounds 2 --json OUT
step startup 240 "$base_python" -m benchmarks.speed.startup "$clip" --runs 5
printed startup
fer=()
if [ -n "${FER_PYTHON:-}" ]; then
  fer=(--fer-python "$FER_PYTHON")
else
  echo "        fer left out: FER_PYTHON names no Python that has it"
fi
bench compare 600 rivals.compare "$clip" --seconds 6 --rounds 3 ${fer[@]+"${fer[@]}"} --json OUT
bench soak $((soak_s + 180)) speed.soak "$clip" --minutes "$soak_minutes" --json OUT

if ! "$python" -m benchmarks.summary.table "$work/raw" "$out" --load "$load" ${readme[@]+"${readme[@]}"}; then
  trap - EXIT
  echo "error: the table was not made; the raw figures are kept in $work/raw: run python -m benchmarks.summary.table on them" >&2
  exit 1
fi
echo "$((SECONDS - started)) s in all"
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
