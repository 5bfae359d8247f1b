from aoba.cli.main import main

main()
