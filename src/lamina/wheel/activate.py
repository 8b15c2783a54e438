"""The activate scripts of an environment, one for each kind of shell.

All of them set what the others do: `VIRTUAL_ENV`, `VIRTUAL_ENV_PROMPT`, the environment's `bin`
before `PATH`, no `PYTHONHOME`, and a prompt unless `VIRTUAL_ENV_DISABLE_PROMPT` is set; and define
`deactivate`, which puts back what was there. `deactivate nondestructive` and the names of the
saved variables are what the scripts of venv, virtualenv and uv use, so that one environment can
be entered from within another of theirs.

Those of an environment that may be moved look for themselves where they were read from, in the
shells that say it: bash, zsh, ksh93 and fish, and a running Python. There is none for csh, which
does not.
"""

from __future__ import annotations

_POSIX = """\
# Enter the environment: . @PREFIX@/bin/activate
# For bash, dash, ksh, mksh and zsh. To leave it: deactivate

deactivate() {
    if [ -n "${_OLD_VIRTUAL_PATH:+set}" ]; then
        PATH=$_OLD_VIRTUAL_PATH
        export PATH
        unset _OLD_VIRTUAL_PATH
    fi
    if [ -n "${_OLD_VIRTUAL_PYTHONHOME+set}" ]; then
        PYTHONHOME=$_OLD_VIRTUAL_PYTHONHOME
        export PYTHONHOME
        unset _OLD_VIRTUAL_PYTHONHOME
    fi
    if [ -n "${_OLD_VIRTUAL_PS1+set}" ]; then
        PS1=$_OLD_VIRTUAL_PS1
        unset _OLD_VIRTUAL_PS1
    fi
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    # The shell may remember where it found `python`.
    hash -r 2>/dev/null || :
    if [ "${1-}" != nondestructive ]; then
        unset -f deactivate
    fi
}

# Leave the environment that the shell is in, this one or another.
deactivate nondestructive

@FIND@VIRTUAL_ENV_PROMPT=@PROMPT@
export VIRTUAL_ENV VIRTUAL_ENV_PROMPT

_OLD_VIRTUAL_PATH=${PATH-}
PATH=$VIRTUAL_ENV/bin${PATH:+:$PATH}
export PATH

if [ -n "${PYTHONHOME+set}" ]; then
    _OLD_VIRTUAL_PYTHONHOME=$PYTHONHOME
    unset PYTHONHOME
fi

if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT-}" ]; then
    _OLD_VIRTUAL_PS1=${PS1-}
    PS1="($VIRTUAL_ENV_PROMPT) ${PS1-}"
fi

hash -r 2>/dev/null || :
"""

_FISH = """\
# Enter the environment: source @PREFIX@/bin/activate.fish
# To leave it: deactivate

function deactivate -d 'Leave the Python environment'
    if set -q _OLD_VIRTUAL_PATH
        set -gx PATH $_OLD_VIRTUAL_PATH
        set -e _OLD_VIRTUAL_PATH
    end
    if set -q _OLD_VIRTUAL_PYTHONHOME
        set -gx PYTHONHOME $_OLD_VIRTUAL_PYTHONHOME
        set -e _OLD_VIRTUAL_PYTHONHOME
    end
    if functions -q _old_fish_prompt
        functions -e fish_prompt
        functions -c _old_fish_prompt fish_prompt
        functions -e _old_fish_prompt
    end
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if test "$argv[1]" != nondestructive
        functions -e deactivate
    end
end

# Leave the environment that the shell is in, this one or another.
deactivate nondestructive

@FIND@set -gx VIRTUAL_ENV_PROMPT @PROMPT@

set -g _OLD_VIRTUAL_PATH $PATH
set -gx PATH "$VIRTUAL_ENV/bin" $PATH

if set -q PYTHONHOME
    set -g _OLD_VIRTUAL_PYTHONHOME $PYTHONHOME
    set -e PYTHONHOME
end

if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _old_fish_prompt
    function fish_prompt
        # What ran last is the old prompt's to show.
        set -l last $status
        echo -n "($VIRTUAL_ENV_PROMPT) "
        command sh -c "exit $last"
        _old_fish_prompt
    end
end
"""

_CSH = """\
# Enter the environment: source @PREFIX@/bin/activate.csh
# For csh and tcsh. To leave it: deactivate

# Leave the environment that the shell is in, this one or another.
if ( $?_OLD_VIRTUAL_PATH ) eval deactivate

# The text of the alias `deactivate`, which undoes what follows.
set _lamina_undo = 'unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT'

setenv VIRTUAL_ENV '@PREFIX@'
setenv VIRTUAL_ENV_PROMPT @PROMPT@

set _OLD_VIRTUAL_PATH = "$PATH"
setenv PATH "${VIRTUAL_ENV}/bin:${PATH}"
set _lamina_undo = "$_lamina_undo"'; setenv PATH "$_OLD_VIRTUAL_PATH"; unset _OLD_VIRTUAL_PATH'

if ( $?PYTHONHOME ) then
    set _OLD_VIRTUAL_PYTHONHOME = "$PYTHONHOME"
    unsetenv PYTHONHOME
    set _lamina_undo = "$_lamina_undo"'; setenv PYTHONHOME "$_OLD_VIRTUAL_PYTHONHOME"'
endif

if ( $?prompt && ! $?VIRTUAL_ENV_DISABLE_PROMPT ) then
    set _OLD_VIRTUAL_PROMPT = "$prompt"
    set prompt = "($VIRTUAL_ENV_PROMPT) $prompt"
    set _lamina_undo = "$_lamina_undo"'; set prompt = "$_OLD_VIRTUAL_PROMPT"'
endif

alias deactivate "$_lamina_undo"'; rehash; unalias deactivate'
unset _lamina_undo
rehash
"""

_PYTHON = '''\
"""Enter the environment from a Python that is already running.

    exec(open(path).read(), {"__file__": path})

Only the running process changes: commands that it starts are the environment's, and so are the
modules that it imports from now on. The Python itself must be of the environment's version.
"""

import os
import site
import sys

try:
    here = os.path.abspath(__file__)
except NameError:
    raise RuntimeError("Run this file by exec(open(path).read(), {'__file__': path})") from None

scripts = os.path.dirname(here)
prefix = os.path.dirname(scripts)
packages = os.path.join(prefix, "@LIBRARY@", "site-packages")

os.environ["PATH"] = os.pathsep.join([scripts, *os.environ.get("PATH", "").split(os.pathsep)])
os.environ["VIRTUAL_ENV"] = prefix
os.environ["VIRTUAL_ENV_PROMPT"] = @PROMPT@

# What the environment brings must be found before what the running Python has.
known = set(sys.path)
site.addsitedir(packages)
sys.path[:] = [p for p in sys.path if p not in known] + [p for p in sys.path if p in known]
sys.prefix = prefix
'''

_TEXTS = {
    "activate": _POSIX,
    "activate.csh": _CSH,
    "activate.fish": _FISH,
    "activate_this.py": _PYTHON,
}

_FIXED = {
    "activate": "VIRTUAL_ENV='@PREFIX@'\n",
    "activate.fish": "set -gx VIRTUAL_ENV '@PREFIX@'\n",
}

# The syntax of one shell is an error in another, which must therefore not even read it; and what
# is said by a shell that does not tell the script's path is where the environment was made.
_MOVABLE = {
    "activate": r"""_lamina_script=
if [ -n "${BASH_VERSION-}" ]; then
    eval '_lamina_script=${BASH_SOURCE[0]}'
elif [ -n "${ZSH_VERSION-}" ]; then
    eval '_lamina_script=${(%):-%x}'
elif [ -n "${KSH_VERSION-}" ]; then
    _lamina_script=$(eval 'printf %s "${.sh.file}"' 2>/dev/null) || _lamina_script=
fi
if [ -n "$_lamina_script" ]; then
    VIRTUAL_ENV=$(dirname -- "$(dirname -- "$(realpath -- "$_lamina_script")")")
else
    VIRTUAL_ENV='@PREFIX@'
fi
unset _lamina_script
""",
    "activate.fish": """\
set -gx VIRTUAL_ENV (dirname -- (dirname -- (realpath -- (status filename))))
""",
}


def activate_scripts(
    prefix: str, library: str, prompt: str | None = None, *, movable: bool = False
) -> dict[str, bytes]:
    """Return the scripts by name, for the environment at ``prefix``.

    ``library`` is the folder of its Python relative to that, such as ``lib/python3.12``; the
    ``prompt`` is any printable text, and otherwise the prefix's last part. The prefix has none of
    the characters that `Scheme` refuses, so single quotes hold it in every shell. Not executable:
    they are there to be sourced.
    """
    shown = prompt or prefix.rpartition("/")[2]
    find = _MOVABLE if movable else _FIXED
    return {
        name: text.replace("@FIND@", find.get(name, ""))
        .replace("@PREFIX@", prefix)
        .replace("@LIBRARY@", library)
        .replace("@PROMPT@", _QUOTES[name](shown))
        .encode()
        for name, text in _TEXTS.items()
        if name != "activate.csh" or not movable
    }


def _posix(text: str) -> str:
    r"""Quote for a POSIX shell.

    >>> print(_posix("it's"))
    'it'\''s'
    """
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    r"""Quote for fish, where a backslash means something in single quotes.

    >>> print(_fish(r"it's a \\"))
    'it\'s a \\\\'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _csh(text: str) -> str:
    r"""Quote for csh, which looks for its history even in single quotes.

    >>> print(_csh("it's so!"))
    'it'\''s so\!'
    """
    return _posix(text).replace("!", "\\!")


_QUOTES = {
    "activate": _posix,
    "activate.csh": _csh,
    "activate.fish": _fish,
    # Quotes of the same kind for every text, whatever `repr` prefers.
    "activate_this.py": _fish,
}
