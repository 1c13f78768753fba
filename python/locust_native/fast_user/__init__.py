"""``FastHttpUser.client``."""
