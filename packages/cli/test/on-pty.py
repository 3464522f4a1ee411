# Runs a command on a pseudo-terminal of its own and copies what it writes there to stdout, byte by byte.
#
#     on-pty.py COLUMNS ROWS SECONDS MAX_BYTES SIGNAL_AFTER -- COMMAND...
#
# "n" and a line feed are typed ahead, for what asks. With SIGNAL_AFTER, a text, the command gets SIGTERM as soon as it has written that. Exits as the command does
# (128 + n where a signal n ended it), with 124 after SECONDS, with 125 after MAX_BYTES: then it is killed.
import fcntl, os, pty, select, signal, struct, sys, termios, time

columns, rows, seconds, max_bytes = (int(word) for word in sys.argv[1:5])
signal_after = sys.argv[5].encode()
command = sys.argv[7:]

child, terminal = pty.fork()
if child == 0:
    # Before the command starts, so that it never sees another size.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(command[0], command)

os.write(terminal, b"n\n")
written = b""
end = time.monotonic() + seconds
why = None
while why is None:
    ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
    if not ready:
        why = 124
        break
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break  # closed at the other end
    if not piece:
        break
    os.write(1, piece)
    written += piece
    if len(written) > max_bytes:
        why = 125
    if signal_after and signal_after in written:
        os.kill(child, signal.SIGTERM)
        signal_after = b""
if why is not None:
    os.kill(child, signal.SIGKILL)
_, status = os.waitpid(child, 0)
if why is None:
    why = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
sys.exit(why)
