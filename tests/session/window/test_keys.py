"""What `cv2.waitKeyEx` returns for the same key on every window system."""

from __future__ import annotations

import pytest

from realtime.session.keys import KEY_LIST, KEYS, Key, key_of

# Codes as GTK (with and without number lock and shift), Qt, Windows and Cocoa give them.
ARROWS = [
    (65361, False, Key.BACK),
    (65363, False, Key.FORWARD),
    (0x10FF51, False, Key.BACK),
    (0x01FF51, False, Key.FAR_BACK),
    (0x11FF53, False, Key.FAR_FORWARD),
    (65361, True, Key.FAR_BACK),
    (65363, True, Key.FAR_FORWARD),
    (65360, True, Key.RESTART),
    (65429, False, Key.RESTART),
    (65430, False, Key.BACK),
    (2424832, False, Key.BACK),
    (2555904, False, Key.FORWARD),
    (2555904, True, Key.FAR_FORWARD),
    (2359296, False, Key.RESTART),
    (63234, False, Key.BACK),
    (63235, True, Key.FAR_FORWARD),
    (63273, False, Key.RESTART),
]


@pytest.mark.parametrize(("code", "shift", "wanted"), ARROWS)
def test_arrows_and_home_mean_the_same_everywhere(code, shift, wanted):
    assert key_of(code, lambda: shift) is wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (-1, None),
        (ord("q"), Key.QUIT),
        (ord("Q") | 0x10000, Key.QUIT),
        (ord(","), Key.BACK),
        (ord("<") | 0x10000, Key.FAR_BACK),
        (ord("."), Key.FORWARD),
        (ord(">"), Key.FAR_FORWARD),
        (ord("0"), Key.RESTART),
        (ord("?"), Key.TOGGLE_HELP),
        (ord("?") | 0x10000, Key.TOGGLE_HELP),
        (0xFFBE, Key.TOGGLE_HELP),  # F1 of X11, Windows and Cocoa
        (0x700000, Key.TOGGLE_HELP),
        (0xF704, Key.TOGGLE_HELP),
        (27, Key.QUIT),
        (65362, None),  # the arrow up, whose low byte is R
        (0xFFBF, None),  # F2
        (0xFFE1, None),  # shift alone
    ],
)
def test_letters_and_keys_that_mean_nothing(code, wanted):
    assert key_of(code, lambda: True) is wanted


def test_where_nobody_can_tell_shift_is_not_held(monkeypatch):
    from realtime.session import keys

    monkeypatch.setattr(keys.sys, "platform", "darwin")
    keys._core_graphics.cache_clear()
    assert keys.keyboard_shift_held() is False
    monkeypatch.setattr(keys.sys, "platform", "linux")
    monkeypatch.setattr(keys, "_x11", lambda: (_ for _ in ()).throw(OSError("no X server")))
    assert keys.keyboard_shift_held() is False


def test_the_list_in_the_window_has_every_key_and_no_other():
    listed = {" " if key == "space" else key for keys, _ in KEY_LIST for key in keys.split()} - {"click"}
    assert listed == set(KEYS) - {"\x1b"}
    assert "Esc" in dict(KEY_LIST)["q"]
    assert "F1" in dict(KEY_LIST)["?"]
