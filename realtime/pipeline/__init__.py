"""Worker threads and the queues between the stages; depends on protocols only."""
