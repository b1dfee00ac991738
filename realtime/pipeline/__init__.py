"""Threads and queues between the stages; knows protocols only."""
