// Room ManagementAPI: not furnished yet.
