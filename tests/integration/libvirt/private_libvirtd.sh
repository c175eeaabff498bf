#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# private_libvirtd.sh FOLDER: a libvirtd of its own, in mount and network namespaces that end with it. The machine's own
# libvirt, its files and its network are not touched: all that this one writes goes to FOLDER.
set -eu
folder=$1

private() { # what is written below /path lands in FOLDER
    layer=$folder/layers$1
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" "$1"
}

for path in /etc /run /var/lib /var/log /var/cache; do
    private "$path"
done

# A disk that is soon full.
mkdir -p "$folder/small"
mount -t tmpfs -o size=16m tmpfs "$folder/small"

# The same path for each of them.
mount --bind "$folder" /mnt

# libvirt insists on this user's existence; the package that makes it would also start a libvirtd.
getent passwd libvirt-qemu >/dev/null || echo "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false" >>/etc/passwd
getent group libvirt-qemu >/dev/null || echo "libvirt-qemu:x:64055:" >>/etc/group

# Guests' network cards go to a bridge; what libvirt tells Open vSwitch about them is only noted.
ip link set lo up
ip link add br-int type bridge
ip link set br-int up
mkdir -p "$folder/bin" "$folder/socket" /etc/libvirt /run/libvirt
cat >"$folder/bin/ovs-vsctl" <<EOF
#!/bin/sh
echo "\$@" >>"$folder/ovs-vsctl.log"
EOF
# A volume named slow takes as long as the file hold is there.
cat >"$folder/bin/qemu-img" <<EOF
#!/bin/sh
case \$* in */slow*) while [ -e "$folder/hold" ]; do sleep 0.1; done ;; esac
exec "$(command -v qemu-img)" "\$@"
EOF
chmod +x "$folder/bin/ovs-vsctl" "$folder/bin/qemu-img"

cat >/etc/libvirt/qemu.conf <<EOF
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
EOF
cat >"$folder/libvirtd.conf" <<EOF
unix_sock_dir = "$folder/socket"
auth_unix_rw = "none"
max_client_requests = 20
EOF
PATH=$folder/bin:$PATH exec libvirtd --config "$folder/libvirtd.conf" --pid-file "$folder/pid"
