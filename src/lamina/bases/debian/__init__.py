"""The base `debian:CODENAME`: Debian's own Python, from Debian's own packages, without a registry.

`resolve` says which packages those are (`plan`), `rootfs` what the layers made of them hold.
"""
