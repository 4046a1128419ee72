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
    },
    var.settings,
    var.store_url == "" ? {} : { CALLBOARD_STORE__URL = "file:/run/callboard/store-url" },
  )

  cloud_init = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    image            = var.image
    data_device      = var.data_device
    environment      = join("\n", [for name, value in local.environment : "${name}=${value}"])
    store_url        = var.store_url
    hostname         = var.hostname
    memory_limit_mib = var.memory_limit_mib
    nginx            = file("${path.module}/../nginx/nginx.conf")
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
