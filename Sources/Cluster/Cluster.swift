// Room Cluster: not furnished yet.
