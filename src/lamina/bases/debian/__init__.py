"""The base `debian:CODENAME`: Debian's own Python, from Debian's own packages, without a registry.

`archives` says where the packages come from, `resolve` which they are (`plan`), `rootfs` what the
layers made of them hold.
"""
