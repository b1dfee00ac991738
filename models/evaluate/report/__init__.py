"""The evaluation's page, its picture of confusions before and after, and the tables of the model card."""
