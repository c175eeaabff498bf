#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build the test image from Debian packages, without installing them on this machine.
# usage: build.sh OUTPUT.qcow2
set -euo pipefail

[ "${1-}" = --private ] || exec unshare --mount "$0" --private "$@"
here=$(cd "$(dirname "$0")" && pwd)
output=$2
# Room for a few files; the partition and its file system grow to the disk at boot.
virtual_mib=128
first_sector=2048
work=$(mktemp -d "$output.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
packages=$work/packages root=$work/root initramfs=$work/initramfs
libraries=usr/lib/x86_64-linux-gnu

# Drivers of the disk, in the order they need each other: the initramfs has no modprobe.
disk_modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk"
# Drivers that the booted system loads by name.
root_modules="virtio_net virtio_balloon virtio-rng virtio_scsi sd_mod sr_mod isofs button evdev"

fetch_packages() {
    local kernel
    kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ {print $2; exit}')
    [ -n "$kernel" ] || { echo "linux-image-cloud-amd64 is unknown to apt: run apt-get update on a Debian machine" >&2; exit 1; }
    mkdir -p "$work/deb" "$packages"
    (cd "$work/deb" && apt-get -qq -o APT::Sandbox::User=root download "$kernel" busybox-static dropbear-bin jshon e2fsprogs \
        libc6 libcrypt1 libtomcrypt1 libtommath1 libgmp10 zlib1g libjansson4 libext2fs2 libcom-err2 libblkid1 libuuid1 \
        extlinux)
    for package in "$work"/deb/*.deb; do dpkg-deb --extract "$package" "$packages"; done
    modules=$(echo "$packages"/lib/modules/*)
}

copy_modules() {
    local version=${modules##*/} target=$root/lib/modules/${modules##*/}
    mkdir -p "$target"
    cp "$modules"/modules.{order,builtin,builtin.modinfo} "$target"
    depmod -b "$packages" "$version"
    for module in $root_modules; do
        modprobe -d "$packages" -S "$version" --show-depends "$module" | awk '$1 == "insmod" {print $2}'
    done | sort -u | while read -r file; do cp "$file" "$target"; done
    depmod -b "$root" "$version"
}

make_root() {
    mkdir -p "$root"/{bin,boot,dev,home/debian/.ssh,proc,root/.ssh,run,sbin,sys,tmp,var/lib/instances,var/log} "$root/$libraries" "$root/lib64"
    cp -r "$here/rootfs/." "$root"
    cp "$packages/bin/busybox" "$root/bin"
    for applet in $("$root/bin/busybox" --list | grep -vx busybox); do ln -s /bin/busybox "$root/bin/$applet"; done
    for applet in init acpid uevent; do ln -s /bin/busybox "$root/sbin/$applet"; done
    cp "$packages"/usr/sbin/dropbear "$packages"/usr/bin/{dropbearkey,jshon} "$packages/sbin/resize2fs" "$root/usr/sbin"
    for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libcrypt.so.1 libtomcrypt.so.1 libtommath.so.1 libgmp.so.10 libz.so.1 \
        libjansson.so.4 libext2fs.so.2 libcom_err.so.2 libblkid.so.1 libuuid.so.1 libe2p.so.2; do
        cp -L "$(find "$packages" -name "$library" -path '*x86_64*' | head -n 1)" "$root/$libraries/$library"
    done
    ln -s "/$libraries/ld-linux-x86-64.so.2" "$root/lib64"
    copy_modules
    chmod 755 "$root"/etc/{init.d/boot,acpi/PWRF/*} "$root"/usr/sbin/* "$root"/etc/udhcpc/lease
    chmod 700 "$root/root" "$root"/{root,home/debian}/.ssh
    chmod 1777 "$root/tmp"
    chown -hR 0:0 "$root"
    chown -hR 1000:1000 "$root/home/debian"
}

make_initramfs() {
    mkdir -p "$initramfs"/{bin,dev,proc,sys,root,modules}
    cp "$packages/bin/busybox" "$initramfs/bin"
    cp "$here/initramfs/init" "$initramfs/init"
    chmod 755 "$initramfs/init"
    for module in $disk_modules; do
        find "$modules/kernel" -name "$module.ko" -exec cp {} "$initramfs/modules" \;
        echo "$module" >>"$initramfs/modules/order"
    done
    cp "$packages"/boot/vmlinuz-* "$root/boot/vmlinuz"
    (cd "$initramfs" && find . | "$packages/bin/busybox" cpio -o -H newc) >"$root/boot/initramfs"
}

# The mount is seen by this process alone (unshare below) and ends with it, however it ends.
install_boot_loader() {
    local disk=$1 mounted=$work/mounted
    mkdir "$mounted"
    mount -o "loop,offset=$((first_sector * 512))" "$disk" "$mounted"
    cp "$here/extlinux.conf" "$mounted/boot"
    "$packages/usr/bin/extlinux" --install "$mounted/boot" 2>"$work/extlinux.log" || { cat "$work/extlinux.log" >&2; exit 1; }
    umount "$mounted"
    dd if="$packages/usr/lib/EXTLINUX/mbr.bin" of="$disk" bs=440 count=1 conv=notrunc status=none
}

make_disk() {
    local disk=$work/disk.raw partition=$work/partition.raw
    truncate -s "${virtual_mib}M" "$disk"
    truncate -s "$((virtual_mib - first_sector / 2048))M" "$partition"
    mke2fs -q -t ext4 -b 4096 -J size=4 -m 0 -L guest -d "$root" "$partition"
    echo "start=$first_sector, type=83, bootable" | sfdisk -q "$disk"
    dd if="$partition" of="$disk" bs=1M seek=$((first_sector / 2048)) conv=notrunc,sparse status=none
    install_boot_loader "$disk"
    qemu-img convert -c -O qcow2 "$disk" "$work/guest.qcow2"
}

fetch_packages
make_root
make_initramfs
make_disk
mv "$work/guest.qcow2" "$output"
