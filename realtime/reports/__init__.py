"""Result tables (CSV, JSONL, Parquet) and the HTML report."""
