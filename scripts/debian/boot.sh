#!/bin/sh
# Boots the Debian in a folder: the first process of new namespaces, see machine.mjs. Shares the network of this machine.
set -eu
root=$1
folders="$(dirname "$0")/kernel-folders.sh"

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
. "$folders"
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s /proc/self/fd dev/fd

mkdir -p .old-root
pivot_root . .old-root
umount -l .old-root
rmdir .old-root
# `container` lets systemd leave alone what belongs to this machine.
exec env -i container=fota PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
