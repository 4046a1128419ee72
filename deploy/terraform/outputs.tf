output "cloud_init" {
  description = "User data of the machine"
  value       = local.cloud_init
  sensitive   = true
}

output "first_boot" {
  description = "Changes whenever the machine must be made anew: name it in replace_triggered_by"
  value       = terraform_data.first_boot.id
}
