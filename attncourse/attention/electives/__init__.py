"""Other papers' modules, one a file, for those who want to go on. ``attncourse.attention.ATTENTION`` names them all."""
