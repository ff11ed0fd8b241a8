"""Read by every Python that finds this folder on its path as it starts: nothing leaves this machine from there."""

import loopback_only

loopback_only.refuse()
