# One server on one machine of any provider: what its first boot must do, as cloud-init. The machine itself, its disk, its
# address and its firewall are the provider's, so this module has no provider and is checked without a network.
terraform {
  required_version = ">= 1.6"
}

locals {
  environment = merge(
    {
      CALLBOARD_SERVER__LISTEN  = "127.0.0.1:7070"
      CALLBOARD_STORE__DATA_DIR = "/var/lib/callboard"
      CALLBOARD_LOG__FORMAT     = "json"
      # nginx writes on whose behalf it asks.
      CALLBOARD_SERVER__TRUSTED_PROXIES = jsonencode(["127.0.0.1/32"])
    },
    var.settings,
    var.store_url == "" ? {} : { CALLBOARD_STORE__URL = "file:/run/callboard/store-url" },
  )

  # As compose has it, but on the ports of the machine, before a server on its loopback that never changes its address.
  nginx = replace(replace(replace(replace(replace(
    file("${path.module}/../nginx/nginx.conf"),
    "/\\n *# The resolver of Docker[^\\n]*\\n *resolver [^\\n]*\\n/", ""),
    "callboard:7070 max_fails=0 resolve", "127.0.0.1:7070 max_fails=0"),
    "listen 8080", "listen 80"),
    "listen 8443", "listen 443"),
  "$host:8443", "$host")

  cloud_init = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    image            = var.image
    data_device      = var.data_device
    environment      = join("\n", [for name, value in local.environment : "${name}=${value}"])
    store_url        = var.store_url
    hostname         = var.hostname
    memory_limit_mib = var.memory_limit_mib
    nginx            = local.nginx
    nginx_image      = var.nginx_image
  })
}

# Replaced whenever the first boot changes: a machine that depends on it is made anew.
resource "terraform_data" "first_boot" {
  input            = sha256(local.cloud_init)
  triggers_replace = [sha256(local.cloud_init)]

  lifecycle {
    precondition {
      condition     = alltrue([for name in keys(var.settings) : can(regex("^CALLBOARD_[A-Z0-9_]+$", name))])
      error_message = "settings are named by their environment variables: CALLBOARD_SECTION__KEY"
    }
  }
}
