// Room WeirServer: not furnished yet.
