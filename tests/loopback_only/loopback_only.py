"""No connection leaves this machine: refused inside Python, on every system, in this process and those it starts.

`refuse()` looks at each connection before Python makes it (an audit hook: nothing can take it out again) and ends it
the way a machine without a network would, with OSError ENETUNREACH. Names are not looked up either. What is on the
loopback stays allowed: Jupyter's own channels, processes that train together, the small Hub of the tests.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import sys
from pathlib import Path

LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}
CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LOOKING_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def stays_here(host: object) -> bool:
    """Whether a host is this machine.

    The name that this machine gives itself counts as well: what trains together on one machine may look it up.

    >>> [stays_here(host) for host in ("127.0.0.1", "::1", "localhost", None, "192.0.2.1", "huggingface.co")]
    [True, True, True, True, False, False]
    """
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        import _socket  # here: `socket` itself is not needed by a Python that opens none

        return name.lower() in LOCAL_NAMES or name.lower() == _socket.gethostname().lower()
    return address.is_loopback or address.is_unspecified


def look(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave this machine; an audit hook of Python, called with every event of the interpreter."""
    if event in CONNECTING:
        address = arguments[1]  # a path or a number belongs to a kind of socket that knows no network
        host = address[0] if isinstance(address, tuple) and address else None
    elif event in LOOKING_UP:
        host = arguments[0]
    else:
        return
    if not stays_here(host):
        raise OSError(errno.ENETUNREACH, f"the tests of the course let nothing leave this machine: {host}")


def refuse() -> None:
    """Refuse in this process from now on, and in every Python that it starts: `sitecustomize.py` is beside this file.

    A proxy, which may well lie on the loopback, is taken out of the environment: it would lead out.
    """
    sys.addaudithook(look)
    for name in [name for name in os.environ if name.lower().endswith("_proxy") and name.lower() != "no_proxy"]:
        del os.environ[name]
    here = str(Path(__file__).resolve().parent)
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != here]
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *paths])
