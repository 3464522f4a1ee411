# Mounts /proc, /sys and /dev of a machine in namespaces of its own. Source it in the root folder of that machine.
mount -t proc proc proc
# Settings of the kernel would be those of this machine.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s pts/ptmx dev/ptmx
