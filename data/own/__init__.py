"""What visitors bring: pictures, tables, archives. All of it is untrusted."""
