// Room TestSupport: not furnished yet.
