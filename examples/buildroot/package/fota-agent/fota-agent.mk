################################################################################
#
# fota-agent
#
################################################################################

FOTA_AGENT_VERSION = 0.1.0
FOTA_AGENT_SITE = https://github.com/fota-iot/fota/releases/download/v$(FOTA_AGENT_VERSION)
FOTA_AGENT_SOURCE = fota-agent-$(FOTA_AGENT_VERSION).tgz
FOTA_AGENT_LICENSE = MIT, ISC (bundled software)
FOTA_AGENT_LICENSE_FILES = LICENSE dist/THIRD-PARTY-NOTICES.txt

define FOTA_AGENT_INSTALL_TARGET_CMDS
	$(foreach program,fota-agent fota-boot,
		$(INSTALL) -D -m 0755 $(@D)/dist/$(program).cjs $(TARGET_DIR)/usr/lib/fota-agent/$(program).cjs
		mkdir -p $(TARGET_DIR)/usr/bin
		ln -sf ../lib/fota-agent/$(program).cjs $(TARGET_DIR)/usr/bin/$(program)
	)
	$(INSTALL) -D -m 0644 $(@D)/fota-agent.schema.json $(TARGET_DIR)/usr/share/fota-agent/fota-agent.schema.json
	mkdir -p $(TARGET_DIR)/etc/fota/hooks.d $(TARGET_DIR)/etc/fota/jobs.d
endef

define FOTA_AGENT_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/systemd/fota-agent.service $(TARGET_DIR)/usr/lib/systemd/system/fota-agent.service
	$(INSTALL) -D -m 0644 $(@D)/systemd/fota-boot.service $(TARGET_DIR)/usr/lib/systemd/system/fota-boot.service
	$(foreach file,configured $(addprefix slots/,$(call qstrip,$(BR2_PACKAGE_FOTA_AGENT_SLOTS))),
		$(INSTALL) -D -m 0644 $(@D)/systemd/$(file).conf \
			$(TARGET_DIR)/usr/lib/systemd/system/fota-agent.service.d/$(notdir $(file)).conf
	)
endef

$(eval $(generic-package))
