"""Every case by its name: the server plays them, the tests go through them."""

import bodies
import connections
import detours
import heads

CASES = {**heads.cases(), **bodies.cases(), **connections.cases(), **detours.cases()}
