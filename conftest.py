"""For lessons and tests alike: a lesson that uses a deprecated word fails (tests/deprecations.py)."""

pytest_plugins = ["deprecations"]
