"""What commands of maintainer scripts are for: those of no matter in an image, and the others."""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ASKING = _words(
    """
    . : [ [[ aa-enabled aa-status alias awk basename cat cd cmp command cut date df diff dirname
    dpkg dpkg-query dpkg-vendor echo egrep export expr fgrep file find fold getcap getent grep hash
    head hostname id ischroot kpsewhich let local logger ls lsb_release md5sum mktemp mountpoint
    nproc pgrep pidof printf ps pwd read readlink readonly realpath sed seq set sha256sum shift
    sleep sort source stat sync tac tail tempfile test tr trap true tty type umask uname uniq
    unset wc which whoami yes ypcat ypwhich zcat
    """
)
"""Commands that change nothing, but for what they write to a file."""

_RUNNING = _words(
    """
    apparmor_parser chattr dbus-send dbus-uuidgen deb-systemd-helper deb-systemd-invoke
    depmod invoke-rc.d
    journalctl kill killall modprobe nscd pkill restorecon runit-helper service
    start-stop-daemon sysctl systemctl systemd-hwdb systemd-machine-id-setup systemd-tmpfiles
    telinit udevadm update-binfmts update-grub update-inetd update-initramfs update-rc.d
    vgcfgbackup
    """
)
"""What starts, stops or boots something, or gives a machine an id: nothing for an image."""

_RENEWABLE = _words(
    """
    configure_client_version fc-cache gio-querymodules gtk-update-icon-cache helpztags mandb
    py3clean py3compile py_compile pypy3compile update-desktop-database update-icon-caches
    update-info-dir update-menus update-mime
    """
)
"""Caches without which programs only start slower, menus, and what serves documentation."""

_ADMINISTRATIVE = _words(
    """
    debconf debconf-set-selections dpkg-maintscript-helper dpkg-trigger getopt ldconfig
    rm rmdir ucfr update-locale update-shells
    """
)
"""What has nothing to do at a first installation, or is made by us in another way."""

NO_MATTER = _ASKING | _RUNNING | _RENEWABLE | _ADMINISTRATIVE
"""Names of commands that are passed over."""

_OTHERWISE = "what these commands do is missing"

EFFECTS: Mapping[str, str] = {
    "a2enconf": "configuration of Apache is not enabled",
    "a2enmod": "modules of Apache are not enabled",
    "a2ensite": "sites of Apache are not enabled",
    "adduser": "an account is missing",
    "addgroup": "a group is missing",
    "chgrp": "owners of files are not changed",
    "chmod": "modes of files are not changed",
    "chown": "owners of files are not changed",
    "cp": "files are not copied to their place",
    "dpkg-divert": "a file is not moved out of the way of this package",
    "dpkg-statoverride": "owners or modes of files are not changed",
    "gpasswd": "a member of a group is missing",
    "groupadd": "a group is missing",
    "install": "files are not copied to their place",
    "install-info": "the list of Info pages is missing",
    "ln": "a link is missing",
    "libgvc6-config-update": "Graphviz has no list of its plugins: `dot` draws nothing",
    "locale-gen": "locales are not generated",
    "make-ssl-cert": "a self-signed certificate is not made",
    "mkdir": "a directory is missing",
    "mktexlsr": "TeX does not find its files",
    "mv": "files are not moved to their place",
    "odbcinst": "a driver of ODBC is not registered",
    "php_invoke": "modules of PHP are not enabled",
    "pam-auth-update": "PAM is not configured for this package",
    "setcap": "a program lacks capabilities, so that it may work for root alone",
    "ssh-keygen": "keys of the host are not made",
    "su": "commands of another user do not run",
    "systemd-sysusers": "accounts are missing",
    "touch": "an empty file is missing",
    "ucf": "configuration files are not copied to their place",
    "update-alternatives": "a generic name leads nowhere",
    "update-catalog": "catalogs of SGML are not registered",
    "update-fmtutil": "formats of TeX are not made",
    "update-fonts-alias": "fonts of the X server are not listed",
    "update-fonts-dir": "fonts of the X server are not listed",
    "update-fonts-scale": "fonts of the X server are not listed",
    "update-gsfontmap": "Ghostscript does not know fonts of this package",
    "update-language": "languages of TeX are not configured",
    "update-texmf": "TeX is not configured",
    "update-texmf-config": "TeX is not configured",
    "update-updmap": "fonts of TeX are not mapped",
    "update-xmlcatalog": "catalogs of XML are not registered",
    "useradd": "an account is missing",
    "usermod": "an account is not changed",
}
"""What is missing without a command, by its name."""


def effect_of(name: str) -> str:
    """Return what is missing without a command."""
    return EFFECTS.get(name, _OTHERWISE)


WRITES = "files are not written"
"""What is missing without the output of commands."""

UNREADABLE = "nothing is known of what this script does"
"""What is said of a script that is not one for the shell, or too long to be followed."""
