#!/bin/sh
# The shared libraries that OpenCV and MediaPipe load; for the windows' tests a virtual display and Tk, and for the pages'
# tests a browser.
# Installs them where that needs no password (root on Debian or Ubuntu); elsewhere says what to install.
set -eu
[ "$(uname -s)" = Linux ] || exit 0

PATH="$PATH:/sbin:/usr/sbin"  # where ldconfig is, even for users without it in their PATH
missing=""
need_library() { ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2"; }
need_program() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

need_library libGL.so.1 libgl1
need_library libEGL.so.1 libegl1
need_library libgthread-2.0.so.0 libglib2.0-0
if [ "${1:-base}" = window ]; then
  need_program Xvfb xvfb
  need_program xdotool xdotool
  "${PYTHON:-python3}" -c "import tkinter" >/dev/null 2>&1 || missing="$missing python3-tk"
fi

install() {
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing system packages: $*"
    apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
      echo "note: could not install $*; what needs them is skipped or says so"
  else
    echo "note: these system packages are missing: $* (on Debian or Ubuntu: sudo apt-get install $*)"
  fi
}

# shellcheck disable=SC2086
install $missing

# By itself: not every system has it under this name, and one unknown name would leave the others out too.
if [ "${1:-base}" = window ]; then
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
  done
  install chromium
fi
