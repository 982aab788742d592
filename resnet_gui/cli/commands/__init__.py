"""The commands, one file each; `cli.registry` names them."""
