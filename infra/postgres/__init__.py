"""PostgreSQL: migrations, the pool for reads, and arrays in its binary form."""
