SUMMARY = "Firmware updates by AWS IoT Jobs"
DESCRIPTION = "fota-agent downloads an image into the slot that does not run, boots it on trial, and confirms it or \
reverts. fota-boot is the boot loader of an application."
HOMEPAGE = "https://github.com/fota-iot/fota"
SECTION = "admin"
# fota-agent is MIT; software in it is MIT and ISC: see THIRD-PARTY-NOTICES.txt.
LICENSE = "MIT & ISC"
LIC_FILES_CHKSUM = "file://LICENSE;md5=7ddf10ec9a5948cac16645cc27735df1"

SRC_URI = "${HOMEPAGE}/releases/download/v${PV}/fota-agent-${PV}.tgz"
# The line of this file in SHA256SUMS of the release. Set it in a bbappend or in your distro.
FOTA_AGENT_SHA256 ?= ""
SRC_URI[sha256sum] = "${FOTA_AGENT_SHA256}"
S = "${UNPACKDIR}/package"

inherit systemd

SYSTEMD_SERVICE:${PN} = "fota-agent.service fota-boot.service"
RDEPENDS:${PN} = "nodejs"

# Names of files in systemd/slots of the package, by boot loader: for example "uboot" or "swupdate grub".
FOTA_AGENT_SLOTS ?= ""

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${libdir}/fota-agent ${D}${bindir}
    for program in fota-agent fota-boot; do
        install -m 0755 ${S}/dist/$program.cjs ${D}${libdir}/fota-agent/
        ln -s ${libdir}/fota-agent/$program.cjs ${D}${bindir}/$program
    done
    install -D -m 0644 ${S}/fota-agent.schema.json ${D}${datadir}/fota-agent/fota-agent.schema.json
    install -D -m 0644 ${S}/dist/THIRD-PARTY-NOTICES.txt ${D}${datadir}/fota-agent/THIRD-PARTY-NOTICES.txt

    install -d ${D}${systemd_system_unitdir}/fota-agent.service.d
    install -m 0644 ${S}/systemd/fota-agent.service ${S}/systemd/fota-boot.service ${D}${systemd_system_unitdir}/
    install -m 0644 ${S}/systemd/configured.conf ${D}${systemd_system_unitdir}/fota-agent.service.d/
    for slots in ${FOTA_AGENT_SLOTS}; do
        install -m 0644 ${S}/systemd/slots/$slots.conf ${D}${systemd_system_unitdir}/fota-agent.service.d/
    done

    install -d ${D}${sysconfdir}/fota/hooks.d ${D}${sysconfdir}/fota/jobs.d
}

FILES:${PN} += "${systemd_system_unitdir}/fota-agent.service.d ${datadir}/fota-agent"
