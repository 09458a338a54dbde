"""What is special to each lesson: its predictions and blanks (TOML), the cases they are judged on, library versions."""
