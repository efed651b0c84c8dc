"""``python -m sopti_runner.cli``: the command line without its installed script."""

from sopti_runner.cli.main import main

if __name__ == "__main__":
    main()
