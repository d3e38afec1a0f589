"""`python -m inspector.demo`: the sample server on stdio."""

from inspector.demo.server import main

if __name__ == "__main__":
    main()
