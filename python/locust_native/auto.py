"""Switches the native core on, as `import locust_native.auto`, where start-up hooks are off.

Put it at the top of a locustfile, before or after `import locust`. Names the file took out of Locust
with `from … import …` before this line stay what they were: `from locust.clients import HttpSession`
above it is stock Locust's class, below it is ours. User classes are not concerned, they look their
client up when a user is made. LOCUST_NATIVE=0 wins over this import.
"""

from .patching.patch import install

install()
