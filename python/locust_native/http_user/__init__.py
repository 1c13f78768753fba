"""``HttpUser.client``."""
