"""A certificate for localhost that nobody trusts, for tests of encrypted pages; made for them and used nowhere else."""

from __future__ import annotations

from pathlib import Path

_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEZ9U8KnXlplW5Jf
/sJgpyYjrMzIMwOQ2cRBH/DxXcV4xUGHRKFBiNDC+HdEFIT8SfrNe6CE53biFWQY
rhyFq3mjTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBT3WTE2wuRwPeL/++R0fMNuv2NfEjAKBggqhkjOPQQD
AgNIADBFAiBvxyMSYJiPXcxbjg0R6pIVHuiCWwmAgDh8O3DhDMATagIhAKL72CGM
jyeJciEWuGRGyLEuoI2Pi/oPe2FDqllmTLgH
-----END CERTIFICATE-----
"""
_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5TZtHexA1/JQz82s
yP4S3eUe39n0AVQ+zrHgcSYscPmhRANCAARGfVPCp15aZVuSX/7CYKcmI6zMyDMD
kNnEQR/w8V3FeMVBh0ShQYjQwvh3RBSE/En6zXughOd24hVkGK4chat5
-----END PRIVATE KEY-----
"""


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write certificate and key into `folder`; return the two."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_text(_CERTIFICATE)
    key.write_text(_KEY)
    return certificate, key
