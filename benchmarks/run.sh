#!/usr/bin/env bash
# The whole table of docs/benchmarks.md, in about twelve minutes: raw figures, a Markdown table and a plot.
#
#   EMOTION_TEST_DATA=FOLDER [FER_PYTHON=PYTHON] [BASE_PYTHON=PYTHON] [SOAK_MINUTES=2] benchmarks/run.sh [OUT_FOLDER]
#
# FOLDER has videos/neutral_720p.mp4. One measurement that fails is told and left out; the others go on.
set -u
cd "$(dirname "$0")/.." || exit 1

out_given=${1:-}
out=${out_given:-benchmarks/results}
python=${PYTHON:-.venv/bin/python}
base_python=${BASE_PYTHON:-$python}
soak_minutes=${SOAK_MINUTES:-2}
clip=${EMOTION_TEST_DATA:-}/videos/neutral_720p.mp4

if [ ! -f "$clip" ]; then
  echo "error: a 720p clip with one face is needed at EMOTION_TEST_DATA/videos/neutral_720p.mp4; received EMOTION_TEST_DATA=${EMOTION_TEST_DATA:-}" >&2
  exit 2
fi
if ! "$python" -c "import click, av" 2>/dev/null; then
  echo "error: $python is no Python with this project's packages; run \`make setup-train\`, or give PYTHON=..." >&2
  exit 2
fi

work=$(mktemp -d) || exit 1
child=
finish() { [ -n "$child" ] && kill "$child" 2>/dev/null; rm -rf "$work"; }
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
    # What prints its figures instead of writing them.
    [ -e "$raw" ] || [ "${name#clip}" != "$name" ] || cp "$work/$name.log" "$raw"
    echo "$((SECONDS - begun)) s"
  else
    rm -f "$raw"
    failed+=("$name")
    echo "failed with $status after $((SECONDS - begun)) s: $(grep -v '^ *$' "$work/$name.err" | tail -n 1)"
  fi
}

bench() { local name=$1 limit=$2 script=$3; shift 3; step "$name" "$limit" "$python" "benchmarks/$script" "$@"; }

load=$(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || echo unknown)
if [ "$load" != unknown ] && [ "$(printf '%.0f' "${load%% *}")" -ge 1 ]; then
  echo "warning: the load average is $load: other work runs here, and the figures will not be those of a quiet machine" >&2
fi

bench clip_loop 60 clips.py "$clip" "$work/loop.mp4" --seconds 20
bench clip_four 180 clips.py "$clip" "$work/four.mp4" --seconds 20 --faces 4
loop=$work/loop.mp4
bench replay 120 pipeline.py "$clip" --json OUT
bench replay_four 240 pipeline.py "$clip" --faces 4 --json OUT
bench live 120 pipeline.py "$loop" --live --json OUT
bench live_four 120 pipeline.py "$work/four.mp4" --live --json OUT
if command -v xvfb-run >/dev/null; then
  step live_window 120 xvfb-run -a "$python" benchmarks/live.py "$loop" --window --seconds 20
else
  echo "        live_window left out: xvfb-run is not installed"
fi
bench overload 120 overload.py "$loop" --slow 5 --json OUT
bench recording 240 recording.py "$loop" --seconds 15 --rounds 2 --json OUT
step startup 240 "$base_python" benchmarks/startup.py "$clip" --runs 5
fer=()
if [ -n "${FER_PYTHON:-}" ]; then fer=(--fer-python "$FER_PYTHON"); else echo "        fer left out: FER_PYTHON names no Python that has it"; fi
bench compare 600 compare.py "$clip" --seconds 6 --rounds 3 ${fer[@]+"${fer[@]}"} --json OUT
bench soak $(($(printf '%.0f' "$soak_minutes") * 60 + 180)) soak.py "$clip" --minutes "$soak_minutes" --json OUT

readme=()
[ -z "$out_given" ] && readme=(--readme README.md)
"$python" benchmarks/table.py "$work/raw" "$out" --load "$load" ${readme[@]+"${readme[@]}"} || exit 1
echo "$((SECONDS - started)) s in all"
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
