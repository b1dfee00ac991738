"""Says who is who in a table that exists already: a further table and a report, without another analysis."""
