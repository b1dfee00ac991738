#!/usr/bin/env bash
# Measures every published figure of the recognition again, after a change of the experts or of their fusion:
#
#     scripts/refresh-figures.sh DATA [STEP …]
#
# DATA has fer2013/ (ferplus.csv, labels.csv), kdef/ and lfw_expressions/ (labels.csv each). STEPs, in this order, all of
# them if none is named: fit baseline halves report confusions exchange card. WEIGHTS, BEFORE, OUT and PYTHON may be set.
# BEFORE is a folder with the weights from before the change, for the picture of confusions.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${1:?"give the folder that has fer2013/, kdef/ and lfw_expressions/"}
shift
weights=${WEIGHTS:-models/weights}
before=${BEFORE:-}
out=${OUT:-figures}
python=${PYTHON:-.venv/bin/python}
fer=$data/fer2013
kdef=$data/kdef
lfw=$data/lfw_expressions
mkdir -p "$out"

# Temperatures and fusions, on the validation faces and the posed ones.
fit() {
  "$python" -m models.fit_fusion --labels "$fer/ferplus.csv" --root "$fer" --meant "$fer/labels.csv" \
    --posed "${1:-$kdef/labels.csv}" --posed-root "$kdef" --weights "${2:-$weights}"
}

# What a known resting face changes: a new fusion removes it.
baseline() {
  "$python" -m models.fit_baseline --labels "$kdef/labels.csv" --root "$kdef" --name KDEF --weights "$weights"
}

# KDEF: the operating point is chosen on one half of the persons and scored on the other, and the other way round.
halves() {
  local chosen scored
  for half in F M; do
    { head -n 1 "$kdef/labels.csv"; grep ",${half}[0-9]" "$kdef/labels.csv"; } > "$out/kdef_$half.csv"
  done
  for pair in "F M" "M F"; do
    read -r chosen scored <<< "$pair"
    rm -rf "$out/weights_$chosen"
    cp -r "$weights" "$out/weights_$chosen"
    fit "$out/kdef_$chosen.csv" "$out/weights_$chosen"
    for cover in "" mouth eyes; do
      "$python" -m models.evaluate shipped --labels "$out/kdef_$scored.csv" --root "$kdef" --by-region \
        --weights "$out/weights_$chosen" --out "$out/answers_$scored$cover.csv" --overwrite ${cover:+--cover "$cover"}
    done
  done
  for cover in mouth eyes; do
    echo "-- covered: $cover"
    "$python" -m models.evaluate score "$out/answers_F$cover.csv" "$out/answers_M$cover.csv"
  done
  "$python" -m models.evaluate score "$out/answers_F.csv" "$out/answers_M.csv" --publish KDEF --weights "$weights"
}

# The page, and the scores of all sets but KDEF, which is only on the page: it is chosen on all of KDEF.
report() {
  "$python" -m models.evaluate report --out "$out/report" --overwrite --weights "$weights" \
    --of "FER+ 6" "$fer/ferplus.csv" "$fer" ferplus_majority test \
    --of "FER2013 6" "$fer/ferplus.csv" "$fer" fer2013_label test \
    --of KDEF "$kdef/labels.csv" "$kdef" label all \
    --of lfw_expressions "$lfw/labels.csv" "$lfw" label all \
    --publish "FER+ 6" --publish "FER2013 6" --publish lfw_expressions
}

# docs/lab/confusions.png
confusions() {
  "$python" -m models.evaluate confusions --out docs/lab/confusions.png --overwrite \
    ${before:+--weights "$before"} --weights "$weights" \
    --of KDEF "$kdef/labels.csv" "$kdef" label all \
    --of lfw_expressions "$lfw/labels.csv" "$lfw" label all \
    --of "FER+ 6 validation" "$fer/ferplus.csv" "$fer" ferplus_majority val
}

# docs/sensitivity.png, and sensitivity.csv for the table of docs/sensitivity.md.
exchange() {
  "$python" -m models.evaluate exchange --out "$out/sensitivity.csv" --weights "$weights" \
    --of "FER+ 6, validation" "$fer/ferplus.csv" "$fer" ferplus_majority val \
    --of "KDEF, posed" "$kdef/labels.csv" "$kdef" label all \
    --of lfw_expressions "$lfw/labels.csv" "$lfw" label all
  cp "$out/sensitivity.png" docs/sensitivity.png
}

# The tables of README and model card, from the manifest.
card() {
  "$python" -m models.evaluate card README.md models/weights/MODEL_CARD.md --weights "$weights"
}

for step in "${@:-fit baseline halves report confusions exchange card}"; do
  for one in $step; do
    case $one in
      fit | baseline | halves | report | confusions | exchange | card) echo "== $one" && "$one" ;;
      *) echo "a step is one of fit, baseline, halves, report, confusions, exchange, card; received $one" >&2 && exit 2 ;;
    esac
  done
done
