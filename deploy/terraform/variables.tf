variable "image" {
  description = "Image of the server, with its registry and a tag or digest"
  type        = string

  validation {
    condition     = can(regex("[:@][A-Za-z0-9]", var.image)) && !endswith(var.image, ":latest")
    error_message = "name a version or a digest, so that the same plan makes the same machine"
  }
}

variable "nginx_image" {
  description = "Image of nginx that runs without root as user 101"
  type        = string
  default     = "docker.io/nginxinc/nginx-unprivileged:1.28-bookworm"
}

variable "hostname" {
  description = "Name that callers use; its certificate and key are put into /etc/callboard/tls by whoever renews them"
  type        = string
}

variable "data_device" {
  description = "Block device of the data directory, which outlives the machine"
  type        = string
  default     = "/dev/disk/by-id/callboard-data"
}

variable "store_url" {
  description = "Address of a PostgreSQL; empty keeps the state in SQLite on the data device"
  type        = string
  default     = ""
  sensitive   = true
}

variable "settings" {
  description = "Settings by the name of their environment variable"
  type        = map(string)
  default     = {}
}

variable "memory_limit_mib" {
  description = "Memory that the server may have"
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_limit_mib >= 128
    error_message = "an idle server has about 40 MiB, one under load 80 MiB and more: 128 MiB is the least"
  }
}
