"""The command `locust-native`: Locust's own command with the native core on, or the mock shop."""

import sys


def main() -> int | None:
    """Run `locust-native mock-saleor …`, or Locust with the arguments as they are; gives the exit status."""
    if sys.argv[1:2] == ["mock-saleor"]:
        from .saleor import serve

        return serve(sys.argv[2:])
    from .patch import install

    install()
    from locust.main import main as locust_main

    return locust_main()


if __name__ == "__main__":
    sys.exit(main())
