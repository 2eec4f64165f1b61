// Room TestSupport: what tests of several rooms share. Never shipped.
